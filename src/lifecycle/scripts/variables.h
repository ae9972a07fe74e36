// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "drivers/sql/reader.h"

namespace caisson::scripts {

/// psql's variables.
class Variables {
 public:
    /// Letters, digits, underscores and what is beyond ASCII.
    static bool is_name(std::string_view name);
    void set(const std::string& name, std::string value) { values_[name] = std::move(value); }
    void unset(std::string_view name);
    std::optional<std::string> get(std::string_view name) const;
    /// The value as it stands in SQL; TRUE or FALSE for a test.
    std::optional<std::string> written(std::string_view name, sql::VariableForm form) const;

 private:
    std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace caisson::scripts
