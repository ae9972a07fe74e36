--- fires 1:21
ALTER TABLE "email" ADD CONSTRAINT "fk_user" FOREIGN KEY ("user_id") REFERENCES "user" ("id");
--- fires 2:30
alter table email
  add column user_id integer references users (id);
--- fires 1:15
alter table t add foreign key (a, b) references o;
--- fine
ALTER TABLE "email" ADD CONSTRAINT "fk_user" FOREIGN KEY ("user_id") REFERENCES "user" ("id") NOT VALID;
--- fine
create table email (user_id integer references users (id));
--- fine
create table email (user_id integer);
alter table email add foreign key (user_id) references users;
