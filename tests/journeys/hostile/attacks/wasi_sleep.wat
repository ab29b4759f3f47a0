;; Waits for as long as the clock can tell, by the clock of WASI.
(import "wasi:cli/stderr@0.2.0" "get-stderr" (func $stderr (result i32)))
(import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
(func $open (param i32 i32) (result i32)
  (drop (call $stderr))
  (call $block (call $timer (i64.const -1)))
  (call $accept))
