// SPDX-License-Identifier: Apache-2.0
/// Any line is a command with arguments, a condition is true, false or neither, and what \copy asks
/// for is a statement or not understood.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "drivers/sql/command.h"
#include "lifecycle/scripts/conditions.h"
#include "lifecycle/scripts/copy_command.h"
#include "lifecycle/scripts/inspect.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace caisson;
    const std::string text(bytes, bytes + size);
    sql::CommandScanner command(
        text, [](std::string_view, sql::VariableForm) { return std::optional<std::string>("v"); },
        [](const std::string& program) { return program; });
    while (command.next()) {
    }
    if (command.finish() > text.size() || sql::length_of_command(text) > text.size()) {
        std::abort();
    }
    const auto value = scripts::boolean_of(text);
    if (value && text.size() > 5) {
        std::abort();
    }
    if (const auto copy = scripts::read_copy(text); copy && copy->what.empty()) {
        std::abort();
    }
    scripts::copies_with_program(text);
    for (const auto& finding : scripts::refusals(text, "fuzz.sql", false)) {
        if (finding.place.line == 0 || finding.message.empty()) {
            std::abort();
        }
    }
    return 0;
}
