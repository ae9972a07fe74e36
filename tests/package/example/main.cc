// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include <caisson/base/error.h>
#include <caisson/drivers/pg/quote.h>
#include <caisson/platform/platform.h>

int main() {
    const auto parsed = caisson::platform::parse(
        "[platform]\nname = 'lumina'\n[databases.compliance]\nname = 'compliance_db'\n", ".");
    std::cout << caisson::pg::identifier("say \"hello\"") << "\n"
              << parsed.manifest.databases.front().name << "\n"
              << caisson::error_kinds().size() << " kinds of errors\n";
}
