// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <boost/json/fwd.hpp>

namespace caisson {

/// JSON on one line, with numbers as people read them: 0.4 and 82.143, where Boost.JSON writes 4E-1
/// and 8.2143E1. Numbers keep six significant digits; what is not finite becomes null.
std::string json_text(const boost::json::value& value);

}  // namespace caisson
