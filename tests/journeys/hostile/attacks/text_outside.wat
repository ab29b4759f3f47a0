;; Refuses with a message that reaches beyond its memory.
(func $open (param i32 i32) (result i32)
  (call $refuse (i32.const 0x7fffff00) (i32.const 2000)))
