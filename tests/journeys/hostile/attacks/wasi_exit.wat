;; Says on standard error what went wrong, and exits: how Go ends.
(import "wasi:cli/stderr@0.2.0" "get-stderr" (func $stderr (result i32)))
(import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
(import "wasi:cli/exit@0.2.0" "exit" (func $exit (param i32)))
(data (i32.const 1024) "panic: boom")
(func $open (param i32 i32) (result i32)
  (call $write (call $stderr) (i32.const 1024) (i32.const 11) (i32.const 512))
  (call $exit (i32.const 1))
  (call $accept))
