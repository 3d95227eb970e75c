// Text for XML and HTML.
#pragma once
#include <string>
#include <string_view>

namespace gradus {

// UTF-8 as it may stand between tags and in quoted attributes: & < > " and ' escaped. What XML cannot hold, control
// characters but tab and new line, and bytes that are no UTF-8, becomes '?'.
std::string xml_escaped(std::string_view text);

}  // namespace gradus
