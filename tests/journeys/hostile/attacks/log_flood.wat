;; Logs 50,000 errors and then behaves.
(data (i32.const 1024) "look at me\0a\1b[31m")
(func $open (param i32 i32) (result i32)
  (local $left i32)
  (local.set $left (i32.const 50000))
  (loop $more
    (call $log (i32.const 4) (i32.const 1024) (i32.const 16) (i32.const 0) (i32.const 0))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br_if $more (local.get $left)))
  (call $accept))
