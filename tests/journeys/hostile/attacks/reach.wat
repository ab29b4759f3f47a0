;; Sends one request and says how it went.
(data (i32.const 1024) "@ADDRESS@.......................................................")
(func $open (param i32 i32) (result i32)
  (call $get (i32.const 1024) (i32.const 64))
  (call $refuse_as_answered))
