;; Sends requests for ever.
(data (i32.const 1024) "@ADDRESS@.......................................................")
(func $open (param i32 i32) (result i32)
  (loop $more
    (call $get (i32.const 1024) (i32.const 64))
    (br $more))
  (unreachable))
