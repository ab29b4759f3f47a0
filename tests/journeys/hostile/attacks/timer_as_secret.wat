;; Gives a timer out as a secret.
(func $open (param i32 i32) (result i32)
  (call $sign (call $timer (i64.const 1)) (i32.const 1024) (i32.const 16) (i32.const 512))
  (call $accept))
