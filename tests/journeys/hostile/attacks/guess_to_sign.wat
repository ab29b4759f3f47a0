;; Signs with a secret that it was not given.
(data (i32.const 1200) "@NO@")
(func $open (param i32 i32) (result i32)
  (call $sign (i32.load (i32.const 1200)) (i32.const 1024) (i32.const 16) (i32.const 512))
  (call $accept))
