// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Types of the server that are carried in binary. Source: PostgreSQL, src/include/catalog/
/// pg_type.dat; the numbers of built-in types never change.

#include "drivers/pg/values.h"

namespace caisson::pg {

namespace type {
constexpr TypeId unknown = 0;
constexpr TypeId boolean = 16;
constexpr TypeId bytea = 17;
constexpr TypeId character = 18;
constexpr TypeId name = 19;
constexpr TypeId int8 = 20;
constexpr TypeId int2 = 21;
constexpr TypeId int4 = 23;
constexpr TypeId text = 25;
constexpr TypeId oid = 26;
constexpr TypeId json = 114;
constexpr TypeId cidr = 650;
constexpr TypeId float4 = 700;
constexpr TypeId float8 = 701;
constexpr TypeId inet = 869;
constexpr TypeId bpchar = 1042;
constexpr TypeId varchar = 1043;
constexpr TypeId date = 1082;
constexpr TypeId time = 1083;
constexpr TypeId timestamp = 1114;
constexpr TypeId timestamptz = 1184;
constexpr TypeId interval = 1186;
constexpr TypeId numeric = 1700;
constexpr TypeId record = 2249;
constexpr TypeId uuid = 2950;
constexpr TypeId jsonb = 3802;
constexpr TypeId int4range = 3904;
constexpr TypeId numrange = 3906;
constexpr TypeId tstzrange = 3910;
constexpr TypeId daterange = 3912;
constexpr TypeId int8range = 3926;
}  // namespace type

/// The array whose elements are of the type; unknown when it is none that we carry.
TypeId array_of(TypeId element);
/// The elements of an array type; unknown when it is none that we carry.
TypeId element_of(TypeId array);
/// The bounds of a range type; unknown when it is none that we carry.
TypeId bound_of(TypeId range);
/// Whether values of the type can be read from what the server sends in binary: the types above,
/// and their arrays.
bool is_binary(TypeId type);

}  // namespace caisson::pg
