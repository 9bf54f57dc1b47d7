"""What lies under a root, and what only looks as if it did."""

import json
from pathlib import Path

import pytest

from lookalike import roots
from lookalike.errors import BadSetting, ImageRejected
from lookalike.factories import with_roots
from lookalike.networks import is_public, parsed
from lookalike.records import Reason
from lookalike.roots import Roots, as_setting, named_prefixes, to_allow
from lookalike.settings import read_settings
from lookalike.uris import web_url


@pytest.mark.parametrize(
    ("root", "inside"),
    [
        ("https://a.example/", "https://A.example:443/x.jpg"),
        ("https://a.example", "https://a.example/"),
        ("https://A.Example:443/Pics", "https://a.example/Pics/x.jpg"),
        ("https://a.example/pics/", "https://a.example/%70ics/x.jpg?y=../z"),
        ("https://a.example/pics/", "https://a.example/pics/0.tar#../a.jpg"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/x.jpg"),
        ("https://a.example/", "https://a.example./x.jpg"),
        ("https://*.example.org/", "https://a.b.example.org/x.jpg"),
        ("https://*.example.org:8443/pics", "https://a.example.org:8443/pics/x.jpg"),
        ("https://", "https://anybody.example:8443/x.jpg"),
        ("http://10.0.3.7:9000/", "http://10.0.3.7:9000/x.jpg"),
        ("10.0.0.0/8", "http://10.0.3.7:9000/x.jpg"),
        ("fd00::/8", "http://[fd12::1]/x.jpg"),
        ("127.0.0.1", "http://[::ffff:127.0.0.1]/x.jpg"),
        ("s3://bucket/pics/", "s3://bucket/pics/x.jpg"),
        ("s3://bucket", "s3://bucket/0.tar#a.jpg"),
        ("gs://", "gs://anything/x.jpg"),
    ],
)
def test_inside(root: str, inside: str) -> None:
    Roots.parse([root]).grant(web_url(inside) if inside.startswith("http") else inside)


@pytest.mark.parametrize(
    ("root", "outside"),
    [
        ("/", "https://a.example/x.jpg"),
        ("https://a.example/", "https://a.example.evil/x.jpg"),
        ("https://a.example/", "https://evil.example/a.example/"),
        ("https://a.example/", "http://a.example/x.jpg"),
        ("https://a.example/", "https://a.example:8443/x.jpg"),
        ("https://a.example/pics", "https://a.example/pics2/x.jpg"),
        ("https://a.example/pics", "https://a.example/PICS/x.jpg"),
        ("https://a.example/pics", "https://a.example//pics/x.jpg"),
        ("https://a.example/pics", "https://a.example/pics/../x.jpg"),
        ("https://a.example/pics", "https://a.example/pics/%2e%2E/x.jpg"),
        ("https://a.example/pics", "https://a.example/pics/%252e%252e/x.jpg"),
        ("https://a.example/pics", "https://a.example/pics/..%2fx.jpg"),
        ("https://a.example/pics", "https://a.example/pics/..%5Cx.jpg"),
        ("https://a.example/pics", "https://a.example/pics/..;/x.jpg"),
        ("https://a.example/pics", "https://a.example/pics/..%00/x.jpg"),
        ("https://a.example/pics", "https://a.example/pics/..%20/x.jpg"),
        ("https://a.example/pics", "https://a.example/pics/%09..%0d%0a;y/x.jpg"),
        ("https://a.example/pics", "https://a.example/pics%2fx.jpg"),
        ("https://*.example.org/", "https://example.org/x.jpg"),
        ("https://*.example.org/", "https://badexample.org/x.jpg"),
        ("https://*.example.org/", "https://example.org.evil.example/x.jpg"),
        ("10.0.0.0/8", "http://11.0.0.1/x.jpg"),
        ("10.0.0.0/8", "s3://10.0.0.1/x.jpg"),
        ("s3://bucket/pics", "s3://bucket/pics2/x.jpg"),
        ("s3://bucket/pics", "s3://bucket/pics/../x.jpg"),
        ("s3://bucket/", "s3://bucket2/x.jpg"),
        ("s3://bucket/", "gs://bucket/x.jpg"),
    ],
)
def test_outside(root: str, outside: str) -> None:
    with pytest.raises(ImageRejected, match="LOOKALIKE_ROOTS") as rejected:
        Roots.parse([root]).grant(web_url(outside) if outside.startswith("http") else outside)
    assert rejected.value.reason is Reason.OUTSIDE_ROOT


@pytest.mark.parametrize(
    "root",
    [
        "ftp://a.example/",
        "https://me:hunter2@a.example/",
        "s3://key:hunter2@bucket/",
        "https://a.example/?x=1",
        "https://a.example/pics/../",
        "https://a.example/pics/%2e%2e/",
        "https://*.10.0.0.1/",
        "https://0x7f.1/",
        "https://a b/",
        "s3:///pics",
        "10.0.0.1/8",
        "~nobody-of-this-name/pics",
    ],
)
def test_what_is_no_root_is_refused_without_its_secret(root: str) -> None:
    with pytest.raises(BadSetting, match=r"LOOKALIKE_ROOTS|roots") as refused:
        read_settings(roots=["/", root])
    assert "hunter2" not in str(refused.value)


#: Addresses that lead to this machine, its neighbours, nobody or everybody, in every form that a connection accepts.
INNER = [
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.0.9", "169.254.169.254"),
    *("172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"),
    *("198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8", "100::1", "2001::1", "2001:0:7f00:1::"),
    *("2001:2::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::1", "2002:a00:1::1", "3fff::1", "5f00::1"),
    *("fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
]
#: Where clouds tell machines their credentials, and what is nobody's, in every form.
NEVER_BY_NAME = [
    *("169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200", "192.0.0.192", "0.0.0.0", "::"),
    *("64:ff9b::a9fe:a9fe", "::ffff:169.254.169.254", "::169.254.169.254", "::ffff:0:169.254.169.254"),
    *("2002:a9fe:a9fe::1", "2001:0:a9fe:a9fe::", "2001:0:102:304::5601:5601", "64:ff9b:1::169.254.169.254"),
    *("64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:a9:fe:a9fe::", "64:ff9b:1:0:a9:fea9:fe00:0"),
    *(
        "fd00:ec2::254",
        "fd20:ce::254",
        "fd00:42::42",
        "fd00:c1::a9fe:a9fe",
        "fe80::1",
        "fe80::a9fe:a9fe%eth0",
        "ff02::1",
    ),
]
PUBLIC = ["8.8.8.8", "172.32.0.1", "100.128.0.1", "198.20.0.1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2606:4700::1111"]


@pytest.mark.parametrize("text", INNER)
def test_an_inner_address_is_not_public(text: str) -> None:
    address = parsed(text)
    assert address is not None and not is_public(address)
    assert not Roots.parse(["https://", "https://*.example/"]).grant("https://a.example/").allows(text)


@pytest.mark.parametrize("text", PUBLIC)
def test_an_address_of_the_internet_is_public(text: str) -> None:
    assert Roots.parse(["https://"]).grant("https://a.example/").allows(text)


@pytest.mark.parametrize("text", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "", "1.2.3.4 "])
def test_what_is_no_address_is_not_connected_to(text: str) -> None:
    assert not Roots.parse(["http://a.example/"]).grant("http://a.example/").allows(text)


def test_a_name_in_a_root_may_lead_inwards_but_not_to_the_metadata_of_a_cloud() -> None:
    named = Roots.parse(["http://intranet/pics/", "http://"]).grant("http://intranet/pics/x.jpg")
    assert [named.allows(text) for text in ("10.0.0.1", "127.0.0.1", "fd12::1", "8.8.8.8")] == [True] * 4
    assert not [text for text in NEVER_BY_NAME if named.allows(text)]
    assert all(named.allows(text) for text in ("64:ff9b:1::10.0.0.1", "2002:a00:1::1", "::10.0.0.1"))
    beside = Roots.parse(["http://intranet/pics/", "http://"]).grant("http://intranet/other/x.jpg")
    assert not beside.allows("10.0.0.1") and beside.allows("8.8.8.8")
    written = Roots.parse(["http://169.254.169.254/"]).grant("http://169.254.169.254/x.jpg")
    assert written.allows("169.254.169.254", is_written=True)


@pytest.mark.parametrize("host", ["169.254.169.254", "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]", "100.100.100.200"])
def test_nobody_is_advised_to_open_the_metadata_of_a_cloud(host: str) -> None:
    with pytest.raises(ImageRejected, match="credentials") as rejected:
        Roots.parse(["https://"]).grant(f"http://{host}/latest/meta-data/")
    assert "LOOKALIKE_ROOTS" not in str(rejected.value)


def test_a_network_in_the_roots_allows_names_that_lead_into_it() -> None:
    grant = Roots.parse(["10.0.0.0/8", "https://"]).grant("http://intranet/x.jpg")
    assert [grant.allows(text) for text in ("10.0.0.1", "192.168.0.1", "8.8.8.8")] == [True, False, False]


def test_the_embedded_stack_reads_public_hosts_and_what_a_command_names(tmp_path: Path) -> None:
    settings = read_settings(home=tmp_path)
    assert Roots.parse(with_roots(settings, is_embedded=False).roots) == Roots((Path("/"),), (), ())
    named = named_prefixes(["http://127.0.0.1:8392/pictures/{000..127}.tar"])
    roots = Roots.parse(with_roots(settings, is_embedded=True, named=named).roots)
    assert roots.grant("http://127.0.0.1:8392/pictures/001.tar").allows("127.0.0.1", is_written=True)
    assert not roots.grant("http://127.0.0.1:8393/pictures/001.tar").allows("127.0.0.1", is_written=True)
    assert roots.grant("s3://bucket/x.jpg")
    chosen = read_settings(home=tmp_path, roots=["/srv"])
    assert with_roots(chosen, is_embedded=True, named=named).roots == ("/srv",)


@pytest.mark.parametrize(
    ("source", "prefix"),
    [
        ("http://10.0.3.7:9000/a/x.jpg", "http://10.0.3.7:9000/a/"),
        ("http://10.0.3.7:9000", "http://10.0.3.7:9000/"),
        ("http://[::1]:80/a/*.jpg", "http://[::1]/a/"),
        ("https://a.example/a/x.csv?b=c/d", "https://a.example/a/"),
        ("https://a.example/a/0.tar#b/c.jpg", "https://a.example/a/"),
    ],
)
def test_a_command_names_the_folder_of_an_address(source: str, prefix: str) -> None:
    assert named_prefixes([source, "/pictures", "s3://b/c", "http://me:pw@a.example/", "http://{a,b}/x"]) == (prefix,)


def test_a_file_beside_the_images_opens_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for root in ("https://", "10.0.0.0/8", "http://127.0.0.1:80/", "s3://b/"):
        Path(".env").write_text(f'LOOKALIKE_ROOTS=\'["/", "{root}"]\'\n')
        with pytest.raises(BadSetting, match="LOOKALIKE_ROOTS is not accepted from"):
            read_settings()


@pytest.mark.parametrize("host", ["127.0.0.1:8391", "localhost", "10.0.3.7", "[::1]:80"])
def test_an_inner_address_is_known_without_a_look_up_and_the_advice_allows_it(host: str) -> None:
    uri = web_url(f"http://{host}/shop/1.jpg")
    with pytest.raises(ImageRejected) as rejected:
        Roots.parse(roots.PUBLIC).check_written(uri)
    assert rejected.value.reason is Reason.OUTSIDE_ROOT
    name, _, value = as_setting((*roots.PUBLIC, *to_allow([rejected.value.detail, "404"]))).partition("=")
    assert name == "LOOKALIKE_ROOTS"
    Roots.parse(json.loads(value.strip("'"))).check_written(uri)


def test_what_a_look_up_decides_is_not_judged_before() -> None:
    Roots.parse(roots.PUBLIC).check_written("https://intranet.example/1.jpg")
    Roots.parse(roots.PUBLIC).check_written("s3://localhost/1.jpg")
