;; Refuses with a kind of error that does not exist.
(func $open (param i32 i32) (result i32)
  (drop (call $refuse (i32.const 1024) (i32.const 3)))
  (i32.store (i32.const 260) (i32.const 200))
  (i32.const 256))
