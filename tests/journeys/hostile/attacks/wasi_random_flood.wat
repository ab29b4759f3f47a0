;; Asks for randomness again and again, into the same place.
(import "wasi:random/random@0.2.0" "get-random-bytes" (func $random (param i64 i32)))
(func $open (param i32 i32) (result i32)
  (loop $more
    (global.set $top (i32.const 65536))
    (call $random (i64.const 65536) (i32.const 512))
    (br $more))
  (call $accept))
