// SPDX-License-Identifier: Apache-2.0
/// Any bytes are a scale.toml, or mistakes that have a place; rows are made of what is understood.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "lifecycle/scale/declaration.h"
#include "lifecycle/scale/model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace caisson::scale;
    const File file{"scale.toml", std::string(bytes, bytes + size), {{"a.csv", "x,weight\n1,2\n"}}};
    try {
        caisson::seeds::Mistakes mistakes;
        const auto declaration = declare(file, mistakes);
        const auto model = compile(declaration, 1e-8, {}, mistakes);
        if (!model) {
            if (mistakes.none() || mistakes.lines().front().find("scale.toml:") != 0) {
                std::abort();
            }
            return 0;
        }
        std::string text;
        for (std::size_t table = 0; table < model->tables.size(); ++table) {
            Row row(*model, table);
            for (std::uint64_t number = 0; number < row.table().rows && number < 3; ++number) {
                row.seek(number);
                for (std::size_t column = 0; column < row.table().columns.size(); ++column) {
                    append_json(text, row.at(column));
                }
            }
        }
    } catch (const caisson::Error& error) {
        if (error.message().empty()) {
            std::abort();
        }
    }
    return 0;
}
