;; Writes 4 MiB to standard error, and gives up.
(import "wasi:cli/stderr@0.2.0" "get-stderr" (func $stderr (result i32)))
(import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
(func $open (param i32 i32) (result i32)
  (local $left i32)
  (memory.fill (i32.const 4096) (i32.const 120) (i32.const 4096))
  (local.set $left (i32.const 1024))
  (loop $more
    (call $write (call $stderr) (i32.const 4096) (i32.const 4096) (i32.const 512))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br_if $more (local.get $left)))
  (unreachable))
