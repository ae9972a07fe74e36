-- check: one thing is sold
-- expect: value = 1
select count(*) from goods;

-- check: one title
-- expect: value = 1
-- database: books
select count(*) from titles;
