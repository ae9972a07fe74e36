// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace caisson::docs {

/// The short name of a type where it has one: `timestamp with time zone` is `timestamptz`,
/// `character varying(20)` is `varchar(20)`; a schema `public` is left out.
std::string short_type(std::string type);

}  // namespace caisson::docs
