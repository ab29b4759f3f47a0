;; Sends a secret that it was not given to a server that it may reach.
(data (i32.const 1200) "@NO@")
(data (i32.const 1024) "@ADDRESS@.......................................................")
(func $open (param i32 i32) (result i32)
  (i32.store (i32.const 768) (i32.const 1))
  (i32.store (i32.const 772) (i32.load (i32.const 1200)))
  (i32.store (i32.const 776) (i32.const 0))
  (call $send
    (i32.const 1) (i32.const 1024) (i32.const 64)
    (i32.const 0) (i32.const 0) (i32.const 768) (i32.const 1)
    (i32.const 512))
  (call $refuse_as_answered))
