;; Takes memory, sixteen pages at a time, until it gets no more.
(func $open (param i32 i32) (result i32)
  (loop $more
    (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
  (call $accept))
