;; Gives a timer back twice.
(func $open (param i32 i32) (result i32)
  (local $timer i32)
  (local.set $timer (call $timer (i64.const 1)))
  (call $drop_timer (local.get $timer))
  (call $drop_timer (local.get $timer))
  (call $accept))
