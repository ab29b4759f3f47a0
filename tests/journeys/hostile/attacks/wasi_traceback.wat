;; Says on standard error what went wrong, with a secret's placeholder nowhere in it, and gives up: how Python ends.
(import "wasi:cli/stderr@0.2.0" "get-stderr" (func $stderr (result i32)))
(import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
(data (i32.const 1024) "Traceback (most recent call last):\0a  File \22app.py\22, line 3, in open\0aValueError: boom\0a")
(func $open (param i32 i32) (result i32)
  (call $write (call $stderr) (i32.const 1024) (i32.const 85) (i32.const 512))
  (unreachable))
