(table 10 funcref) (table 10 funcref) (table 10 funcref) (table 10 funcref) (table 10 funcref)
