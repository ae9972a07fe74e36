// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace caisson::schema {

/// Rewrites the one form that PostgreSQL words otherwise after a dump and a restore:
/// `(ARRAY['a'::character varying, 'b'::character varying])::text[]`, which it makes of
/// `status IN ('a', 'b')` on a varchar, comes back as
/// `ARRAY[('a'::character varying)::text, ('b'::character varying)::text]`. Gives the latter.
std::string canonical(std::string definition);

/// A view on a single table without the table's name before its columns: versions up to 15 write it
/// there, later ones only where there are several tables.
std::string canonical_view(std::string definition);

}  // namespace caisson::schema
