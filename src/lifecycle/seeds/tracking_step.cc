// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/seeds.h"

namespace caisson::seeds {

std::vector<trust::CatalogueStep> catalogue_steps() {
    return {{20, "seeds", R"sql(
create table caisson.seed_files (
    id         bigint generated always as identity primary key,
    set_name   text not null check (set_name in ('reference', 'sample')),
    name       text not null unique,
    checksum   text not null,
    definition text not null,
    applied_at timestamptz not null default now(),
    applied_by text not null default session_user
);
comment on table caisson.seed_files is 'Files of seeds that were applied, as they were then';
create table caisson.seed_shapes (
    id           bigint generated always as identity primary key,
    table_schema text not null,
    table_name   text not null,
    key_columns  text[] not null,
    columns      text[] not null,
    unique (table_schema, table_name, key_columns, columns)
);
comment on table caisson.seed_shapes is 'What rows are known by and which columns their digest covers';
create table caisson.seed_rows (
    table_schema text collate "C" not null,
    table_name   text collate "C" not null,
    key          jsonb not null,
    file         bigint not null,
    shape        bigint not null,
    digest       bytea not null,
    source       bytea,
    inserted     boolean not null,
    primary key (key, table_name, table_schema)
);
comment on table caisson.seed_rows is 'Rows that were seeded: their keys, and digests of what they were';
comment on column caisson.seed_rows.file is
    'caisson.seed_files.id; no foreign key, which would be checked a million times for a million rows';
comment on column caisson.seed_rows.digest is 'SHA-256 of the row as it was seeded';
comment on column caisson.seed_rows.source is
    'SHA-256 of what the file says of it; empty for SQL; null once the file says it no longer';
comment on column caisson.seed_rows.inserted is
    'False for a row that was there before: clearing does not remove it';
create index seed_rows_file on caisson.seed_rows (file, shape);
)sql"}};
}

}  // namespace caisson::seeds
