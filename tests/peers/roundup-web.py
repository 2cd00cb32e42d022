#!/usr/bin/env python3
"""An officer at the tracker's web page: roundup-web.py URL USER PASSWORD-FILE STEP.

Logs in through the login form, opens a ticket's form, moves the ticket one status on with a note, and sends
the form as a browser would, with all its hidden fields. Prints what was done, in one line.
"""
import html.parser
import http.cookiejar
import pathlib
import sys
import urllib.parse
import urllib.request


class Form(html.parser.HTMLParser):
    """The fields of the page's form that has a field `wanted`."""

    def __init__(self, page, wanted):
        super().__init__()
        self.fields, self.options, self.select = {}, {}, None
        self.found = None
        self.wanted = wanted
        self.feed(page)
        if self.found is None:
            sys.exit(f"roundup-web: the page has no form with the field {wanted}")

    def handle_starttag(self, tag, attributes):
        attribute = dict(attributes)
        if tag == "form":
            self.fields = {}
        elif tag == "select":
            self.select = attribute.get("name")
            self.options[self.select] = {}
        elif tag == "option" and self.select:
            self.options[self.select][attribute.get("value")] = ""
            self.last = attribute.get("value")
            if "selected" in attribute:
                self.fields[self.select] = attribute.get("value")
        elif tag == "input" and attribute.get("type", "text").lower() in ("hidden", "text", "password"):
            self.fields[attribute.get("name")] = attribute.get("value") or ""

    def handle_data(self, data):
        if self.select and self.options[self.select]:
            self.options[self.select][self.last] += data.strip()

    def handle_endtag(self, tag):
        if tag == "select":
            self.select = None
        elif tag == "form" and self.wanted in self.fields:
            self.found = dict(self.fields)


class Browser:
    def __init__(self, url):
        self.url = url
        origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(url))
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self.opener.addheaders = [("Referer", url + "/"), ("Origin", origin)]

    def get(self, path):
        with self.opener.open(f"{self.url}/{path}", timeout=20) as answer:
            return answer.read().decode()

    def send(self, path, fields):
        data = urllib.parse.urlencode({name: value for name, value in fields.items() if name}).encode()
        with self.opener.open(f"{self.url}/{path}", data, timeout=20) as answer:
            return answer.read().decode()


def main():
    url, user, password_file, step = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    ticket = step % 12 + 1
    browser = Browser(url)
    login = Form(browser.get(""), "__login_name").found
    login.update({"__login_name": user, "__login_password": pathlib.Path(password_file).read_text().strip(),
                  "@action": "Login"})
    browser.send("", login)
    form = Form(browser.get(f"issue{ticket}"), "@lastactivity")
    status = str(int(form.found.get("status") or 0) % 10 + 1)
    form.found.update({"status": status, "@note": f"Diperiksa di loket, catatan {step + 1}.", "@action": "edit"})
    page = browser.send(f"issue{ticket}", form.found)
    if "edited ok" not in page:
        sys.exit(f"roundup-web: the tracker did not take the change of ticket {ticket}")
    print(f"Ticket {ticket} is now '{form.options['status'].get(status, status)}', and has a note.")


if __name__ == "__main__":
    main()
