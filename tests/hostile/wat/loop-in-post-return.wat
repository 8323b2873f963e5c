;; The answer is out, the cleaning up never ends.
(func (export "after-handle") (param i32) (loop $for-ever (br $for-ever)))
