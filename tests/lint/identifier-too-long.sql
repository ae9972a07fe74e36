--- fires 1:14
create table a_name_that_is_longer_than_the_sixty_three_bytes_that_are_kept_of_it (a int);
--- fires 1:26
alter table t add column "a_name_that_is_longer_than_the_sixty_three_bytes_that_are_kept_of_it" int;
--- fine
create table a_name_that_is_longer_than_the_sixty_three_bytes_that_are_kept_ (a int);
--- fine
select 'a_name_that_is_longer_than_the_sixty_three_bytes_that_are_kept_of_ita_name_that_is_longer_than_the_sixty_three_bytes_that_are_kept_of_it';
