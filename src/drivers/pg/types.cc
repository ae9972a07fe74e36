// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/types.h"

#include <algorithm>
#include <array>
#include <utility>

namespace caisson::pg {
namespace {

/// Element and array, in the order of the element.
constexpr auto arrays = std::to_array<std::pair<TypeId, TypeId>>({
    {type::boolean, 1000},   {type::bytea, 1001},       {type::character, 1002},
    {type::name, 1003},      {type::int8, 1016},        {type::int2, 1005},
    {type::int4, 1007},      {type::text, 1009},        {type::oid, 1028},
    {type::json, 199},       {type::cidr, 651},         {type::float4, 1021},
    {type::float8, 1022},    {type::inet, 1041},        {type::bpchar, 1014},
    {type::varchar, 1015},   {type::date, 1182},        {type::time, 1183},
    {type::timestamp, 1115}, {type::timestamptz, 1185}, {type::interval, 1187},
    {type::numeric, 1231},   {type::uuid, 2951},        {type::jsonb, 3807},
    {type::int4range, 3905}, {type::numrange, 3907},    {type::tstzrange, 3911},
    {type::daterange, 3913}, {type::int8range, 3927},
});

}  // namespace

TypeId array_of(TypeId element) {
    const auto found = std::ranges::find(arrays, element, &std::pair<TypeId, TypeId>::first);
    return found == arrays.end() ? type::unknown : found->second;
}

TypeId element_of(TypeId array) {
    const auto found = std::ranges::find(arrays, array, &std::pair<TypeId, TypeId>::second);
    return found == arrays.end() ? type::unknown : found->first;
}

TypeId bound_of(TypeId range) {
    switch (range) {
        case type::int4range:
            return type::int4;
        case type::int8range:
            return type::int8;
        case type::numrange:
            return type::numeric;
        case type::tstzrange:
            return type::timestamptz;
        case type::daterange:
            return type::date;
        default:
            return type::unknown;
    }
}

bool is_binary(TypeId type) {
    return array_of(type) != type::unknown || element_of(type) != type::unknown ||
           type == type::record;
}

}  // namespace caisson::pg
