// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Names of the database and of queries as names of C++. Pure.

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace caisson::queries {

/// `FindBusiness`, `find business` and `find-business` as `find_business`.
std::string snake_case(std::string_view text);
/// `find_business` as `FindBusiness`.
std::string camel_case(std::string_view text);
/// A name in lower case that C++ takes: what it does not is `_`, one that begins with a digit gets
/// a letter before it, a keyword or a name of generated code gets `_` behind it. Never empty.
std::string identifier(std::string_view text);

/// Gives names that differ, in the order in which they are asked for: `name`, `name_2`, …
class DistinctNames {
 public:
    DistinctNames() = default;
    explicit DistinctNames(std::set<std::string> taken) : taken_(std::move(taken)) {}
    std::string name(const std::string& wanted);

 private:
    std::set<std::string> taken_;
};

/// The text between the quotes of a C++ string literal.
std::string escaped(std::string_view text);

}  // namespace caisson::queries
