import time
from tests.integration.test_image import *
@pytest.mark.timeout(3000)
def test_night_linked(image, settings):
    given = environment_of(settings, *OWNERS)
    as_of = ("--as-of", "2025-12-31")
    for words in (("populate", "--clients", "2000", *as_of), ("train", *as_of), ("run", *as_of)):
        t=time.time()
        done = image.ask([*image.entry, *words], given)
        print(words, time.time()-t, done.returncode, REFUSED.search(done.stdout)); print(done.stdout.decode()[-3000:])
    import subprocess
    print(subprocess.run(f"cd {image.folder}/volumes/0; find . -maxdepth 3 | head -80; du -sh .", shell=True, capture_output=True,text=True).stdout)
    assert 0
