"""A throw-away certificate authority and what it signs: a good certificate,
one for another host, one that has expired."""

import subprocess

GOOD = "subjectAltName=DNS:localhost,IP:127.0.0.1"
ELSEWHERE = "subjectAltName=DNS:elsewhere.example"


def make(directory):
    """Writes ca.pem and {good,elsewhere,expired}.{pem,key} into `directory`."""
    openssl(
        directory,
        *"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split(),
        *"-keyout ca.key -out ca.pem -subj /CN=throw-away -addext basicConstraints=critical,CA:TRUE".split(),
        *"-addext keyUsage=critical,keyCertSign".split(),
    )
    (directory / "index.txt").touch()
    (directory / "serial").write_text("01\n")
    (directory / "ca.cnf").write_text(CA_CONFIG)
    sign(directory, "good", GOOD)
    sign(directory, "elsewhere", ELSEWHERE)
    sign(directory, "expired", GOOD, "-startdate", "20200101000000Z", "-enddate", "20200201000000Z")
    return directory


def sign(directory, name, names, *dates):
    """`openssl ca`, since `x509 -req` cannot date a certificate in the past."""
    openssl(
        directory,
        *"req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(),
        *f"-keyout {name}.key -out {name}.csr -subj /CN={name}".split(),
    )
    (directory / "ext.cnf").write_text(names + "\n")
    openssl(
        directory,
        *"ca -batch -notext -config ca.cnf -extfile ext.cnf".split(),
        *f"-in {name}.csr -out {name}.pem".split(),
        *(dates or ("-days", "2")),
    )


def openssl(directory, *arguments):
    command = ["openssl", *arguments]
    subprocess.run(command, cwd=directory, check=True, capture_output=True)


CA_CONFIG = """
[ca]
default_ca = throwaway
[throwaway]
new_certs_dir = .
database = index.txt
serial = serial
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = anything
unique_subject = no
[anything]
commonName = supplied
"""
