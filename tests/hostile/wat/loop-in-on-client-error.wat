(func (export "on-client-error") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (loop $for-ever (br $for-ever)))
