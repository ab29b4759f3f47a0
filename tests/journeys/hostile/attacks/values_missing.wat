;; Gives a page that names an attribute, and a user without a value for it.
(data (i32.const 1024) "emailada")
(func $import (result i32)
  (memory.fill (i32.const 256) (i32.const 0) (i32.const 256))
  ;; `import-page`: one name and one user.
  (i32.store (i32.const 260) (i32.const 384))
  (i32.store (i32.const 264) (i32.const 1))
  (i32.store (i32.const 268) (i32.const 400))
  (i32.store (i32.const 272) (i32.const 1))
  (i32.store (i32.const 384) (i32.const 1024))
  (i32.store (i32.const 388) (i32.const 5))
  ;; `user`: an id, and nothing else.
  (i32.store (i32.const 400) (i32.const 1029))
  (i32.store (i32.const 404) (i32.const 3))
  (i32.const 256))
