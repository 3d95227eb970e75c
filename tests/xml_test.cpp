// Text that anyone may have typed, as XML.
#include "catch.h"

#include <gradus/report/xml.h>

using namespace gradus;

TEST_CASE("what means something to XML is escaped", "[xml]") {
  CHECK(xml_escaped("a < b & \"c\" > 'd'") == "a &lt; b &amp; &quot;c&quot; &gt; &#39;d&#39;");
  CHECK(xml_escaped("<script>alert(1)</script>") == "&lt;script&gt;alert(1)&lt;/script&gt;");
  CHECK(xml_escaped("&amp;") == "&amp;amp;");
  CHECK(xml_escaped("") == "");
}

TEST_CASE("UTF-8 stays, what XML cannot hold becomes '?'", "[xml]") {
  const std::string text = "\xc2\xb5s, \xe2\x82\xac, \xf0\x9f\x99\x82,\ttab\nline";
  CHECK(xml_escaped(text) == text);
  CHECK(xml_escaped("\x01|\x1f|\x7f|\r") == "?|?|?|?");
  CHECK(xml_escaped(std::string("a\0b", 3)) == "a?b");
  CHECK(xml_escaped("\xff|\x80|\xc3(|\xe2\x82") == "?|?|?(|??");  // no lead, a lone tail, a wrong tail, a cut
  CHECK(xml_escaped("\xe0\x9f\xbf|\xed\xa0\x80|\xf0\x8f\xbf\xbf|\xf4\x90\x80\x80") == "???|???|????|????");
  const std::string least_and_most = "\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf";
  CHECK(xml_escaped(least_and_most) == least_and_most);
}
