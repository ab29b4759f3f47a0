;; Sends a body of sixteen mebibytes.
(data (i32.const 1024) "@ADDRESS@.......................................................")
(func $open (param i32 i32) (result i32)
  (drop (memory.grow (i32.const 280)))
  (call $send
    (i32.const 1) (i32.const 1024) (i32.const 64)
    (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1048576) (i32.const 16777216)
    (i32.const 512))
  (call $refuse_as_answered))
