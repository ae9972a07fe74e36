-- caisson: feature loyalty
create table points (customer bigint primary key references customers, points bigint not null);
