// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::pg {

/// The one way identifiers get into SQL: always in double quotes. identifier("a\"b") is "a""b".
/// Errors: usage for an empty name, one with a zero byte, or one longer than the 63 bytes
/// PostgreSQL keeps.
std::string identifier(std::string_view name);
/// "schema"."name".
std::string identifier(std::string_view schema, std::string_view name);
/// "a", "b", "c".
std::string identifiers(const std::vector<std::string>& names);
/// A string constant, for utility statements that take no parameters. Independent of
/// standard_conforming_strings.
std::string literal(std::string_view text);

/// A name that may say its schema, such as `sanctions.wallets` or `users`.
struct QualifiedName {
    std::string schema = "public";
    std::string name;
    std::string quoted() const { return identifier(schema, name); }
    /// `users` in schema public, else `schema.name`: for people.
    std::string text() const { return schema == "public" ? name : schema + "." + name; }
    auto operator<=>(const QualifiedName&) const = default;
};
QualifiedName qualified_name(std::string_view text);

}  // namespace caisson::pg
