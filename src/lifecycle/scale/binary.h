// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Values in the binary format of COPY. Pure.
/// Source: PostgreSQL, "COPY", Binary Format; the send and receive functions of its types, and
/// vector_recv() of pgvector.

#include <cstdint>
#include <string>
#include <string_view>

#include "lifecycle/scale/value.h"

namespace caisson::scale {

enum class Type : std::uint8_t {
    boolean,
    int2,
    int4,
    int8,
    float4,
    float8,
    numeric,
    text,  ///< And varchar, char, name, citext, json, xml, enums: all are sent as their text.
    jsonb,
    uuid,
    bytea,
    date,
    timestamp,
    timestamptz,
    inet,
    cidr,
    vector,  ///< pgvector's, from its text: [0.5,-1].
    array,   ///< Of texts and enums.
};
struct ColumnType {
    Type type = Type::text;
    std::string name;           ///< As SQL writes it, for messages.
    std::uint32_t element = 0;  ///< OID of an array's elements.
};

extern const std::string_view copy_header;
extern const std::string_view copy_trailer;
void begin_row(std::string& out, std::size_t columns);
/// Length and value; -1 for NULL. Errors: seed_failed when the type cannot hold the value; the
/// message says both and not where.
void append_field(std::string& out, const Value& value, const ColumnType& type);

}  // namespace caisson::scale
