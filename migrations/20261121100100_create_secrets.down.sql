drop table app_secrets;
drop table key_pairs;
