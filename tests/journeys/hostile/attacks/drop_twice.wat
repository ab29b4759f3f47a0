;; Gives the tenant's first secret back twice.
(func $open (param $secrets i32) (param i32) (result i32)
  (call $drop_secret (i32.load offset=8 (local.get $secrets)))
  (call $drop_secret (i32.load offset=8 (local.get $secrets)))
  (call $accept))
