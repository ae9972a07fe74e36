// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "drivers/pg/values.h"

namespace caisson::queries {

/// A type of the server, and what stands for it in C++.
struct Type {
    pg::TypeId id = 0;
    std::string sql{};  ///< As a cast writes it: `integer`, `public.check_status`.
    std::string cpp{};  ///< `std::int32_t`, `pg::Uuid`, `CheckStatus`, `std::vector<std::string>`.
    /// How it travels. What C++ has no type for is text, and a result with such a column comes as
    /// text as a whole.
    bool is_binary = true;
    bool is_readable = true;  ///< False for composites, of which a text form is no use.
    bool is_view = false;     ///< Cheaper to pass by value.
    bool is_array = false;    ///< Or a domain over one: many of them are no array of the server.
    /// Of an enum, and of a domain over one: the enum, as a cast writes it. The server compares
    /// enums, and no domains over them.
    std::string enum_sql{};
};

/// An enum of the database.
struct Enum {
    pg::TypeId id = 0;
    std::string schema;
    std::string name;
    std::string cpp;       ///< `CheckStatus`
    std::string from_cpp;  ///< `check_status_from`: makes it of a label.
    std::string doc;
    std::vector<std::string> labels;
    std::vector<std::string> enumerators;  ///< Names of C++ for them.
};

/// All types of a database, read once.
class Types {
 public:
    /// `name_space`: of the generated code, which the names of enums begin with.
    Types(pg::Connection& connection, const std::string& name_space);
    const Type& of(pg::TypeId id) const;
    /// In the order of their names.
    const std::vector<Enum>& enums() const { return enums_; }

 private:
    void add_enums(pg::Connection& connection);
    std::map<pg::TypeId, Type> types_;
    std::vector<Enum> enums_;
};

}  // namespace caisson::queries
