// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "platform/environment.h"

namespace caisson::platform {

/// Replaces references and remembers what was wrong, so that one error names all of it. Private to
/// this module.
class Resolver {
 public:
    Resolver(const Manifest& manifest, const Environment& environment, const Variables& variables)
        : manifest_(manifest), environment_(environment), variables_(variables) {}

    std::string text(const std::string& written);
    void note(std::string mistake);
    /// Errors: variable_invalid, naming everything that was missing or did not fit.
    void finish(const Place& place) const;

 private:
    std::string value(const std::string& name);

    const Manifest& manifest_;
    const Environment& environment_;
    const Variables& variables_;
    std::vector<std::string> mistakes_;
};

}  // namespace caisson::platform
