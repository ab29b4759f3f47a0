;; No attack: sends a request as a connector does that has signed in.
(data (i32.const 1024) "@ADDRESS@.......................................................")
(data (i32.const 1300) "authorizationBearer victims-token")
(func $open (param i32 i32) (result i32)
  (i32.store (i32.const 768) (i32.const 1300))
  (i32.store (i32.const 772) (i32.const 13))
  (i32.store (i32.const 776) (i32.const 1313))
  (i32.store (i32.const 780) (i32.const 20))
  (call $send
    (i32.const 0) (i32.const 1024) (i32.const 64)
    (i32.const 768) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)
    (i32.const 512))
  (call $refuse_as_answered))
