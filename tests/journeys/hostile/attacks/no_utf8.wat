;; Refuses with bytes that are no text.
(data (i32.const 1024) "\ff\fe\fd")
(func $open (param i32 i32) (result i32)
  (call $refuse (i32.const 1024) (i32.const 3)))
