(func (export "after-handle") (param i32) unreachable)
