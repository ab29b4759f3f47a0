;; Sends 4,096 header fields, each the same mebibyte.
(data (i32.const 1024) "http://127.0.0.1:9/")
(func $open (param i32 i32) (result i32)
  (local $field i32)
  (drop (memory.grow (i32.const 40)))
  (local.set $field (i32.const 131072))
  (loop $next
    (i32.store (local.get $field) (i32.const 1024))
    (i32.store offset=4 (local.get $field) (i32.const 1))
    (i32.store offset=8 (local.get $field) (i32.const 1048576))
    (i32.store offset=12 (local.get $field) (i32.const 1048576))
    (local.set $field (i32.add (local.get $field) (i32.const 16)))
    (br_if $next (i32.lt_u (local.get $field) (i32.const 196608))))
  (call $send
    (i32.const 1) (i32.const 1024) (i32.const 19)
    (i32.const 131072) (i32.const 4096) (i32.const 0) (i32.const 0) (i32.const 0)
    (i32.const 512))
  (call $refuse_as_answered))
