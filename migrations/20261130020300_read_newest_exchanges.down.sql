drop function newest_exchanges;
